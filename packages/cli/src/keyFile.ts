/** The file of `--api-key-file`, which holds a key and nothing else. */
import type { ConfigurationIssue } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as InputFile from "./inputFile.ts"

/** How the file is named in messages. */
export const labelOf = (path: string): string => `--api-key-file ${path}`

const { expected: form, fromInput } = KimiConfig.options.apiKey

const isAssignment = (text: string): boolean => /^(?:export\s+)?[A-Z][A-Z\d_]*=/.test(text)

/** What is wrong with the text, without any of it. */
const faultOf = (text: string): string | undefined => {
  if (text === "") return "it is empty"
  const lines = text.split(/\r\n|\r|\n/).length
  if (isAssignment(text)) return "lines of NAME=value are for --dotenv"
  if (lines > 1) return `it has ${lines} lines`
  return Result.isFailure(fromInput(Redacted.make(text))) ? "it has other characters" : undefined
}

/** The key, or why the file has none. */
export const read = Effect.fnUntraced(function* (path: string) {
  const text = (yield* InputFile.read(path)).trim()
  const fault = faultOf(text)
  if (fault === undefined) return Result.succeed(Redacted.make(text))
  const issue: typeof ConfigurationIssue.Type = {
    name: labelOf(path),
    expected: `a file that holds nothing but ${form}; ${fault}`
  }
  return Result.fail(issue)
})
