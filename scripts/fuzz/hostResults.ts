/** Fuzzes the results of a batch at the host: each row has one outcome, and a cost that is no negative amount. */
import type { Batch } from "@kimi-effect/core/Batch"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { isKimiError } from "@kimi-effect/core/KimiError"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { BatchResponse } from "../../packages/client/src/batch/BatchResponse.ts"
import { BatchUsage } from "../../packages/client/src/batch/internal/host/BatchUsage.ts"
import type { HostRow } from "../../packages/client/src/batch/internal/host/prepare.ts"
import { responses } from "../../packages/client/src/batch/internal/host/responses.ts"
import type { Files } from "../../packages/client/src/files/Files.ts"
import { providers } from "../../packages/client/src/Provider.ts"
import { expect, type Target, toBytes } from "./Target.ts"

const model = "kimi-k2.6"

const rows = ["a", "b", "c"].map((id, index): HostRow => ({
  id,
  line: index + 1,
  request: { model, messages: [{ role: "user", content: id }] }
}))

/** A batch whose answers and errors are the same file. */
const batch: Batch = {
  id: "batch-1",
  endpoint: "/v1/chat/completions",
  input_file_id: "input",
  output_file_id: "output",
  error_file_id: "errors",
  completion_window: "24h",
  status: "completed",
  created_at: 1_790_000_000
}

const checkOutcome = (outcome: BatchResponse<string>): void => {
  if (outcome._tag === "Failed") expect(isKimiError(outcome.error), () => "not an error of the library")
  const cost = Option.getOrUndefined(outcome.cost)
  expect(
    cost === undefined || BigDecimal.isGreaterThanOrEqualTo(cost.total, BigDecimal.fromBigInt(0n)),
    () => "a negative cost"
  )
}

const run = async (input: Uint8Array): Promise<void> => {
  const content = () => Stream.make(input)
  const outcomes = await Effect.runPromise(
    Stream.runCollect(
      responses<string, never, never, never>(batch, {
        provider: providers.moonshot,
        secret: "sk-fuzz-0123456789",
        limits: KimiConfig.defaults,
        files: { content } as unknown as Files["Service"],
        rows,
        schema: undefined,
        modelFor: () => model,
        prices: PriceTable.catalog,
        day: "2026-09-01",
        usage: new BatchUsage(),
        surplus: { malformed: 0, duplicates: 0, unknown: 0 },
        retry: { maxAttempts: 1, backoff: { baseDelay: 0, maxDelay: 0, jitter: "none" } },
        isWanted: () => true,
        requestsOf: () => Effect.succeed(new Map())
      })
    )
  )
  const lines = outcomes.map(({ line }) => line).toSorted()
  expect(lines.join(" ") === "1 2 3", () => `outcomes of the lines ${lines.join(", ")}`)
  outcomes.forEach(checkOutcome)
}

const answer = (id: string): string =>
  JSON.stringify({
    id: `result-${id}`,
    custom_id: id,
    response: {
      status_code: 200,
      body: {
        id: `chatcmpl-${id}`,
        object: "chat.completion",
        created: 1_790_000_000,
        modelFor: () => model,
        choices: [{ index: 0, message: { role: "assistant", content: "Yes." }, finish_reason: "stop" }],
        usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 }
      }
    },
    error: null
  })

const refusal = JSON.stringify({
  custom_id: "c",
  response: { status_code: 400, body: { error: { type: "content_filter", message: "no" } } },
  error: null
})

export const hostResults: Target = {
  name: "host results",
  samples: [[answer("a"), answer("b"), answer("c")].join("\n"), `${answer("b")}\n${refusal}\n`, answer("a")].map(
    toBytes
  ),
  tokens: [
    "\n",
    "\r\n",
    "\uFEFF",
    "null",
    "[]",
    "{}",
    '"custom_id":"a"',
    '"custom_id":"__proto__"',
    '"status_code":500',
    '"status_code":"200"',
    '"response":null',
    '"error":{"code":"x"}',
    '"usage":null',
    '"prompt_tokens":-5',
    '"prompt_tokens":1e300',
    '"completion_tokens":99999999999999999999',
    '"choices":[]',
    '"content":null',
    "{",
    "}"
  ],
  run
}
