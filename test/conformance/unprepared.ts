/** What a row needs before it begins did not work: that is another row's failure. */
export class Unprepared extends Error {}
