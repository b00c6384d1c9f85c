/** The responses of the host, which callers can check: each depends only on the model and the prompt. */
import { models } from "./models.ts"

/** A number from 0 to 7 that depends on a text. */
const variantOf = (text: string): number =>
  [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 8, 0)

/** The whole response to a prompt. */
export const responseTo = (model: string, prompt: string): string =>
  `Response of ${model} to "${prompt}". `.repeat(1 + variantOf(prompt))

/** Whether a text is the whole response to a prompt, of any of the models. */
export const isWhole = (text: string, prompt: string): boolean =>
  models.some((model) => text === responseTo(model, prompt))

/** Whether a text is the beginning of a response to a prompt, of any of the models. */
export const isBeginning = (text: string, prompt: string): boolean =>
  models.some((model) => responseTo(model, prompt).startsWith(text))
