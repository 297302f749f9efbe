// To come.
export const unmatched = { unmatched: {} }
