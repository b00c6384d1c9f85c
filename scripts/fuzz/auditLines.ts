/** Fuzzes the reading of audit logs into the traffic of a simulation. */
import type { RecordedTraffic } from "@kimi-effect/testing/RecordedTraffic"
import * as Traffic from "@kimi-effect/testing/Traffic"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect, type Target, toBytes, toText } from "./Target.ts"

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

const checkTraffic = ({ calls, ignored, unsized }: RecordedTraffic, lines: number): void => {
  expect(calls.length > 0 && unsized < calls.length, () => "traffic without a sized call")
  expect(calls.length + ignored.damaged + ignored.repeated <= lines, () => "more calls than lines")
  for (const [index, { outputTokens, promptTokens, startedAt }] of calls.entries()) {
    expect(isCount(promptTokens) && isCount(outputTokens), () => "a size that is not a number of tokens")
    expect(Number.isFinite(startedAt), () => "a call without a time")
    expect(startedAt >= (calls[index - 1]?.startedAt ?? startedAt), () => "calls that are not in their order")
  }
}

const run = (input: Uint8Array): void => {
  const lines = toText(input).split("\n")
  const exit = Effect.runSyncExit(Traffic.fromAudit(lines))
  if (Exit.isSuccess(exit)) return checkTraffic(exit.value, lines.length)
  const error = Cause.squash(exit.cause)
  expect(
    error instanceof Error && "_tag" in error && error._tag === "ConfigurationError",
    () => `not a ConfigurationError: ${Cause.pretty(exit.cause)}`
  )
}

const line = (id: number, members: object = {}): string =>
  JSON.stringify({
    event: "call",
    id: `id-${id}`,
    startedAt: `2026-11-20T08:00:0${id}.000Z`,
    durationMs: 900,
    tenant: "acme",
    operation: "chat",
    provider: "moonshot",
    account: "moonshot",
    model: "kimi-k3",
    outcome: "ok",
    attempts: 1,
    promptTokens: 300,
    completionTokens: 40,
    cost: "0.0015",
    ...members
  })

const gap = JSON.stringify({ event: "gap", id: "gap", at: "2026-11-20T08:00:05.000Z", dropped: 3 })

export const auditLines: Target = {
  name: "audit lines",
  samples: [
    line(1),
    [line(1), line(2, { cached: "memory" }), gap, line(3, { operation: "stream" })].join("\n"),
    [line(1), line(1), line(2, { outcome: "ServerError", promptTokens: undefined })].join("\n")
  ].map(toBytes),
  tokens: [
    "\n",
    "\r\n",
    "null",
    "-1",
    "1e309",
    "0.5",
    "9007199254740993",
    '"event":"gap"',
    '"cached":"memory"',
    '"startedAt":"+275760-09-13T00:00:00.001Z"',
    '"startedAt":"0"',
    '"__proto__":{}',
    '"model":""',
    "{",
    "}",
    '"'
  ],
  run
}
