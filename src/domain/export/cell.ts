// Cells that no spreadsheet takes for a formula (OWASP, CSV injection), and the way back: what was protected on the way out is
// the same text again on the way in, whatever it was.

/** What a spreadsheet may read as the beginning of a formula, full-width forms among them; and the mark that clears. */
const toProtect = /^'*(?:[=+\-@\t\r\n\0＝＋－＠]|none$)/
const protectedText = /^'+(?:[=+\-@\t\r\n\0＝＋－＠]|none$)/
/** A number that is nothing but that: `-12.50` is no formula. */
const plainNumber = /^-?\d+(\.\d+)?$/

/** Says that there is no value, where an empty cell says that none is named. A text that is just this word is protected. */
export const noneMark = 'none'

/** A text for a cell of a CSV file: `=1+1` becomes `'=1+1`, and `'=1+1` becomes `''=1+1`. */
export function protectText(text: string): string {
  return toProtect.test(text) ? `'${text}` : text
}

/**
 * A text for a cell of a spreadsheet, where its type says already that it is text. Only what reading would take for something
 * that was protected, or for the mark, needs an apostrophe.
 */
export function protectTypedText(text: string): string {
  return text === noneMark || protectedText.test(text) ? `'${text}` : text
}

/** The text of a cell again. */
export function unprotectText(cell: string): string {
  return protectedText.test(cell) ? cell.slice(1) : cell
}

/** Whether a cell of a number column holds a number. Anything else in it is treated as text. */
export function isPlainNumber(cell: string): boolean {
  return plainNumber.test(cell)
}
