/** Fuzzes the files of batch jobs: rows of an input, and the output that a job resumes from. */
import { readFileSync, writeFileSync } from "node:fs"
import { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as Result from "effect/Result"
import { inputLines } from "../../packages/client/src/node/internal/batch/inputLines.ts"
import { inputRow, type Prompts } from "../../packages/client/src/node/internal/batch/inputRow.ts"
import * as JobOutput from "../../packages/client/src/node/internal/batch/JobOutput.ts"
import type { LineHead } from "../../packages/client/src/node/internal/batch/outputLine.ts"
import { scratchFile } from "./scratch.ts"
import { expect, type Target, toBytes, toText } from "./Target.ts"

const path = scratchFile("batch.jsonl")
const prompts: Prompts = { column: "prompt", template: undefined, request: undefined, system: "Be brief." }

const checkRows = async (count: number): Promise<void> => {
  let last = 0
  for await (const input of inputLines(path, () => true)) {
    expect(input.line > last && input.line <= count, () => `line ${input.line} after line ${last} of ${count}`)
    last = input.line
    for (const row of [inputRow(undefined)(input), inputRow(prompts)(input)]) {
      if (Result.isFailure(row)) expect(row.failure instanceof InvalidBatchRowError, () => "not an error of a row")
      else expect(Array.isArray(row.success.request.messages), () => "a request without messages")
    }
  }
}

const checkHead = ({ cost, line, tag }: LineHead): void => {
  expect(Number.isSafeInteger(line) && line >= 1, () => `line ${line}`)
  expect(Number.isFinite(cost) && cost >= 0, () => `a cost of ${cost}`)
  expect(tag === undefined || tag !== "", () => "an error without a tag")
}

/** An output is cut to its complete lines, and a file that is not one is left as it is. */
const checkOutput = (input: Uint8Array): void => {
  const done = new JobOutput.LineSet()
  const heads: Array<LineHead> = []
  const visit = (head: LineHead): void => {
    checkHead(head)
    done.add(head.line)
    heads.push(head)
  }
  try {
    new JobOutput.JobOutput(path, visit).close()
  } catch (error) {
    if (!(error instanceof JobOutput.NotAnOutput)) throw error
    expect(readFileSync(path).equals(input), () => "a file that is not an output was changed")
    return
  }
  const complete = input.subarray(0, input.lastIndexOf(10) + 1)
  expect(readFileSync(path).equals(complete), () => "an output was not cut to its complete lines")
  for (const { line } of heads) expect(done.has(line), () => `line ${line} would be sent again`)
}

const run = async (input: Uint8Array): Promise<void> => {
  writeFileSync(path, input)
  await checkRows(toText(input).split("\n").length)
  checkOutput(input)
}

const messages = [{ role: "user", content: "Hi" }]
const rows = [
  { id: "a", messages },
  { custom_id: "b", method: "POST", url: "/v1/chat/completions", body: { model: "kimi-k3", messages } },
  { id: 3, request: { messages } },
  { id: "d", prompt: "Hi" }
]
const outputs = [
  '{"id":"a","line":1,"error_tag":null,"cost":{"USD":"0.0012"},"attempts":1,"cached":false,"response":{}}\n',
  '{"id":"b\\"","line":2,"error_tag":"RateLimitError","cost":null,"attempts":3,"cached":false,"error":{}}\n',
  '{"id":"c","line":30,"error_tag":null,"cost":{"CNY":"1e-17"},"attempts":1,"cached":true,"response":{}}\n'
]

export const batchFiles: Target = {
  name: "batch files",
  samples: [rows.map((row) => JSON.stringify(row)).join("\n"), outputs.join(""), ...outputs].map(toBytes),
  tokens: [
    "\n",
    "\r\n",
    "\uFEFF",
    "null",
    "[]",
    '"line":0',
    '"line":2147483648',
    '"line":99999999999999999999',
    '"line":-1',
    '"cost":{"USD":"-1"}',
    '"cost":{"USD":"1e400"}',
    '"cost":{"EUR":"1"}',
    '"error_tag":""',
    '"messages":{}',
    '"__proto__":{}',
    '"url":"/v1/embeddings"',
    '\\"',
    "{",
    "}"
  ],
  run
}
