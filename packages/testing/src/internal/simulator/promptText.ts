/** The text of prompts: every prompt is a slice of one text, so that prompts share its memory. */

/** The ratio of `TokenCount` for Chinese, which has the shortest texts: every attempt counts their characters. */
export const charactersPerToken = 4 / 3

const sentence = "天地玄黄宇宙洪荒日月盈昃辰宿列张"

let text = sentence.repeat(20_000)

/** The first characters of the text. */
export const promptTextOf = (characters: number): string => {
  while (text.length < characters) text += text
  return text.slice(0, characters)
}
