/** Files of a batch job at a host that answers with the question. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect, type Scope } from "effect"
import type { KimiClient } from "../../../../src/KimiClient.ts"
import { folder } from "../files.ts"

const answer = ({ messages }: ModelRequest) => {
  const content = messages.at(-1)?.content
  if (content === "never") return Effect.never
  return content === "fail" ? Reply.modelNotFound() : typeof content === "string" ? content : ""
}

export const lineOf = (content: string) => JSON.stringify({ request: { messages: [{ role: "user", content }] } })

export const inFolder = <A, E>(
  test: (path: (name: string) => string) => Effect.Effect<A, E, KimiClient | MockProvider.MockProvider | Scope.Scope>
) =>
  Effect.flatMap(folder, (path) => test((name) => join(path, name))).pipe(
    Effect.provide(MockProvider.layerClient({ script: answer })),
    Effect.scoped
  )

/** Leaves the record of a job as it is when its first run was killed. */
export const asKilled = (output: string): void => {
  const record = `${output}.job.json`
  const { cost: _, ...before } = JSON.parse(readFileSync(record, "utf8")) as Readonly<Record<string, unknown>>
  writeFileSync(record, JSON.stringify({ ...before, state: "running", done: 1 }))
}

export const attempts = (count: number) => Effect.flatMap(MockProvider.MockProvider, (mock) => mock.attempts(count))

interface OutputLine {
  readonly id: string
  readonly line: number
  readonly response?: { readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }> }
}

export const linesOf = (text: string) =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as OutputLine)

export const answersOf = (text: string) =>
  linesOf(text).map(({ id, line, response }) => [id, line, response?.choices[0]?.message.content])
