/** The parts of the content of a message, in any of the forms of the hosts. */
import { isObject, own } from "./jsonMembers.ts"

/** The text of a part; `undefined` if it has none. */
export const textOfPart = (part: unknown): string | undefined => {
  if (typeof part === "string") return part
  if (!isObject(part)) return undefined
  for (const name of ["text", "content", "summary", "thinking", "reasoning", "refusal", "value"]) {
    const value = own(part, name)
    if (typeof value === "string") return value
    if (Array.isArray(value)) return value.map((inner) => textOfPart(inner) ?? "").join("")
    if (isObject(value)) return textOfPart(value)
  }
  return undefined
}

/** Whether a part is reasoning. */
export const isReasoningPart = (part: unknown): boolean =>
  isObject(part) && /^(thinking|reasoning)/.test(String(own(part, "type") ?? ""))
