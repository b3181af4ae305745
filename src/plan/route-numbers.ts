/** Numbers of routes, from include/uapi/linux/rtnetlink.h. */

/** RT_TABLE_LOCAL: what is the node's own. */
export const localTable = 255;
/** RT_TABLE_MAIN. */
export const mainTable = 254;

/** RT_SCOPE_LINK: from that scope on a route has no next hop. */
export const linkScope = 253;
