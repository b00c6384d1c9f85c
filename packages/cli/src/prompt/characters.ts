/** What a person sees as one character, which may be several units: a letter with combining marks, or an emoji of several. */
import * as CliOutput from "effect/cli/CliOutput"

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" })

/** The characters of a text. Segmentation takes most of the time here, and plain text needs none. */
export const charactersOf = (text: string): Iterable<string> =>
  /^[\u0020-\u007e\t]*$/.test(text) ? text : Array.from(segmenter.segment(text), ({ segment }) => segment)

/** The character at the start of a text. */
export const firstOf = (text: string): string => {
  for (const { segment } of segmenter.segment(text)) return segment
  return ""
}

/** Each key draws every character of a prompt again. */
const widths = new Map<string, number>()

/** The columns of a character in a terminal. */
export const widthOf = (character: string): number => {
  const known = widths.get(character)
  if (known !== undefined) return known
  const width = CliOutput.displayWidth(character)
  widths.set(character, width)
  return width
}
