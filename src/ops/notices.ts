/** What of others is in the executable: the text that `fairway --licenses` prints. */
import notices from "../../THIRD-PARTY-NOTICES.txt" with { type: "text" };

export { notices };
