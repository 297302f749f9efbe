// Standard output as a place for lines that must never hold anybody up (F31): written off the event loop, bounded while it waits,
// and at the end given up after half a second. pino's own destination waits at the end for as long as a reader or a disk takes.
import { closeSync, constants, fstatSync, openSync, write, writeSync } from 'node:fs'

export type LineOutput = {
  /** Takes whole lines, or drops them where too much waits. */
  write(lines: string): void
  /** How many lines were dropped so far. */
  dropped(): number
  /** Writes what waits, for as long as it may last; what is left is dropped. Nothing is taken afterwards. */
  end(): void
}

const waitingOctets = 1024 * 1024
/** A pipe that is full is tried again after this. */
const retryMs = 50
const endMs = 500

/** An output on a file descriptor. Throws nothing: an output that breaks drops what it is given. */
export function createLineOutput(fd: number): LineOutput {
  let waiting: string[] = []
  let octets = 0
  let dropped = 0
  let onItsWay: Buffer | undefined
  let ended = false

  const next = (): void => {
    if (ended || (onItsWay === undefined && waiting.length === 0)) return
    onItsWay ??= take()
    write(fd, onItsWay, (error, written) => {
      if (ended) return
      if (error === null) onItsWay = rest(onItsWay!, written)
      // A process that has nothing else to do may end.
      else if (errorCode(error) === 'EAGAIN') return void setTimeout(next, retryMs).unref()
      else drop(error)
      next()
    })
  }
  const take = (): Buffer => {
    const taken = Buffer.from(waiting.join(''))
    waiting = []
    octets = 0
    return taken
  }
  const drop = (error: unknown): void => {
    dropped += linesIn(onItsWay!)
    onItsWay = undefined
    // Nobody will ever read it.
    if (errorCode(error) === 'EPIPE') ended = true
  }
  return {
    write(lines) {
      if (ended || octets + lines.length > waitingOctets) {
        dropped += 1
        return
      }
      waiting.push(lines)
      octets += lines.length
      if (onItsWay === undefined) next()
    },
    dropped: () => dropped,
    end() {
      if (ended) return
      ended = true
      writeAtOnce(fd, Buffer.concat([onItsWay ?? Buffer.alloc(0), take()]))
    },
  }
}

/**
 * A descriptor of our own for standard output, which does not block: as a pipe it would hold a thread of the pool for as long as
 * nobody reads, and that the process ends. The flag belongs to what is opened, which is shared with other processes: so a pipe is
 * opened once more. What cannot be (a socket, another system) is used as it is: then the end waits for its reader.
 */
export function ownStandardOutput(): number {
  try {
    if (fstatSync(1).isFIFO()) return openSync('/proc/self/fd/1', constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // As it is, then.
  }
  return 1
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function rest(buffer: Buffer, written: number): Buffer | undefined {
  return written < buffer.length ? buffer.subarray(written) : undefined
}

function linesIn(buffer: Buffer): number {
  return buffer.reduce((count, octet) => (octet === 10 ? count + 1 : count), 0)
}

// There is no event loop any more: wait in place, and not for long.
function writeAtOnce(fd: number, buffer: Buffer): void {
  const until = performance.now() + endMs
  let left: Buffer | undefined = buffer
  while (left !== undefined && left.length > 0 && performance.now() < until) {
    try {
      left = rest(left, writeSync(fd, left))
    } catch (error) {
      if (errorCode(error) !== 'EAGAIN') break
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
  if (fd > 2) closeSync(fd)
}
