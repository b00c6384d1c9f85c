/** The columns of SQLite's results. */

/**
 * Columns for a statement whose results have exactly these names. SQLite finds a column in
 * other letters too, such as in a damaged file, and would name the result after the file.
 */
export const named = (...columns: ReadonlyArray<string>): string =>
  columns.map((name) => `${name} AS ${name}`).join(", ")
