/** Templates of prompts: a text in which the item is inserted. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"

const placeholder = /\{\{\s*([\w.$-]+)\s*\}\}/g

const known = "item"

/** A template with a placeholder that does not exist, which would be sent as it is. */
export const issueOf = (template: string): InvalidRequestError | undefined => {
  for (const [text, name] of template.matchAll(placeholder)) {
    if (name === known) continue
    const message = `The prompt has the placeholder ${text.slice(0, 100)}, and there is {{${known}}} only; use a function as prompt for a text with other ones`
    return new InvalidRequestError({ message, parameter: "prompt" })
  }
  return undefined
}

/** The prompt of an item. What the item contains is not a template. */
export const apply = (template: string, item: string): string => template.replaceAll(placeholder, () => item)
