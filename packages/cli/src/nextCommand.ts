/** Commands that are shown to be typed. Each is the last thing of its line: words after it would be its arguments when the line is pasted. */
import { type Given, isGiven } from "./optionFlags.ts"

/** What a command needs again that is not shown in it; undefined if that is nothing. */
export const sameOptions = (options: Given): string | undefined =>
  isGiven(options) ? "the same flags of options" : undefined

/** What is done with a command, such as `Continue with: kimi chat`. */
export const nextCommand = (action: string, command: string, needed?: string | undefined): string =>
  needed === undefined ? `${action} with: ${command}` : `${action}, with ${needed}, with: ${command}`
