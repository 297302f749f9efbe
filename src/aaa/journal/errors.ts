// What the accounting journal refuses with.

/** Nothing more is taken: do not acknowledge, go on authenticating. */
export class JournalFullError extends Error {
  override name = 'JournalFullError'
  readonly because: 'cap' | 'disk'

  constructor(because: 'cap' | 'disk', options?: ErrorOptions) {
    super(because === 'cap' ? 'the journal has reached its cap' : 'the disk of the journal is full', options)
    this.because = because
  }
}

/** The disk did not take the record, or the journal is closed. */
export class JournalWriteError extends Error {
  override name = 'JournalWriteError'
}

/** The record does not fit the format: the message names the field. */
export class JournalRecordError extends Error {
  override name = 'JournalRecordError'
}

/** Another process that lives holds the directory. */
export class JournalHeldError extends Error {
  override name = 'JournalHeldError'
}
