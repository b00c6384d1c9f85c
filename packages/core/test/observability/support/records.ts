/** Records of calls that have ended. */
import { BigDecimal } from "effect"
import { table, type Tag } from "../../../src/errors/ErrorFacts.ts"
import type { CallRecord } from "../../../src/observability/CallRecord.ts"

const decimal = BigDecimal.fromStringUnsafe

export const answered: CallRecord = {
  operation: "stream",
  startedAt: 1_000,
  duration: 2_345.6,
  provider: "moonshot",
  account: "moonshot",
  requestModel: "kimi-k3",
  responseModel: "kimi-k3-0905",
  outcome: "ok",
  finishReason: "stop",
  requestId: "req-1",
  hostTraceId: "host-1",
  traceId: "a".repeat(32),
  spanId: "b".repeat(16),
  usage: {
    prompt_tokens: 100,
    completion_tokens: 20,
    total_tokens: 120,
    cached_tokens: 64,
    cache_write_tokens: 0,
    reasoning_tokens: 5
  },
  cost: {
    currency: "USD",
    cachedInput: decimal("0.0001"),
    uncachedInput: decimal("0.0002"),
    output: decimal("0.0003"),
    tools: decimal("0"),
    total: decimal("0.0006"),
    saved: decimal("0.0004")
  },
  isEstimate: false,
  attempts: 2,
  retries: 1,
  admissionWait: 12,
  timeToFirstToken: 345,
  streamEnd: "complete",
  tags: { tenant: "acme", job: "", agent: "writer" },
  priority: "interactive"
}

export const failed = (tag: Tag, changes: Partial<CallRecord> = {}): CallRecord => {
  const { cost: _, usage: __, finishReason: ___, ...rest } = answered
  const { category, hint, severity } = table[tag]
  return { ...rest, outcome: tag, error: { tag, category, severity, message: `${tag} happened`, hint }, ...changes }
}
