import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { JournalHeldError } from '../../../src/aaa/journal/errors.ts'
import { holdDirectory } from '../../../src/aaa/journal/hold.ts'
import { useDirectories } from '../../support/journal.ts'

const newDirectory = useDirectories()
const program = fileURLToPath(new URL('../../support/journal-process.ts', import.meta.url))

describe('a directory', () => {
  it('is held once, also against ourselves, until it is let go', () => {
    const directory = newDirectory()
    const release = holdDirectory(directory)
    expect(() => holdDirectory(directory)).toThrow(JournalHeldError)
    expect(() => holdDirectory(directory)).toThrow(String(process.pid))
    release()
    holdDirectory(directory)()
    expect(readdirSync(directory)).toEqual([])
  })

  it('held by a process that lives is refused; it is taken over at once when that one was killed', async () => {
    const directory = newDirectory()
    const child = fork(program, [directory])
    try {
      await once(child, 'message')
      expect(() => holdDirectory(directory)).toThrow(`held by process ${child.pid}`)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const release = holdDirectory(directory)
    expect(readdirSync(directory).filter((name) => name.startsWith('held-by-'))).toHaveLength(1)
    release()
  })

  it('is not refused for a pid that somebody else has by now', () => {
    const directory = newDirectory()
    writeFileSync(join(directory, `held-by-${process.pid}-0badb007.12345-1`), '')
    writeFileSync(join(directory, 'held-by-999999999-0badb007.1-1'), '')
    writeFileSync(join(directory, 'held-by-nonsense'), '')
    const release = holdDirectory(directory)
    expect(readdirSync(directory)).toHaveLength(1)
    release()
  })
})
