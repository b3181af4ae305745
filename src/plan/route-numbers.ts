/** Numbers of routes, from include/uapi/linux/rtnetlink.h. */

/** RT_TABLE_LOCAL, the table of the node's own addresses. */
export const localTable = 255;
/** RT_TABLE_MAIN. */
export const mainTable = 254;

/** RT_SCOPE_LINK. A route of this scope or a higher number has no next hop. */
export const linkScope = 253;
/** RT_SCOPE_UNIVERSE. */
export const universeScope = 0;
