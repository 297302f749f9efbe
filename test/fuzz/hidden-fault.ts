// A decoder with a fault behind four conditions, each a line of its own so that reaching it shows: for the test of the loop.

/** Throws for octets that begin 1a 12 f1 fd; every other input is fine. */
export function hiddenFault(data: Buffer): number {
  let depth = 0
  if (data[0] === 0x1a) {
    depth += 1
    if (data[1] === 0x12) {
      depth += 1
      if (data[2] === 0xf1) {
        depth += 1
        if (data[3] === 0xfd) throw new Error('found')
      }
    }
  }
  return depth
}
