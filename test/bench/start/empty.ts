/** What any compiled program costs: the runtime, and nothing else. */
export {};
