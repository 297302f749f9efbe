// To come.
export const nases = { nases: {} }
