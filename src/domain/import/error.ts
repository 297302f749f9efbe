// What is wrong with rows of a file: line, column, reason; never what stood in a cell that may be a password.

export type ImportError = { line: number; field: string; reason: string }
export type Report = (line: number, field: string, reason: string) => void
