// To come.
export const pools = { pools: {} }
