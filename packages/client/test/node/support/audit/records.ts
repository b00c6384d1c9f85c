/** Calls that have ended, to be audited. */
import type { CallRecord } from "@kimi-effect/core/CallRecord"
import { BigDecimal } from "effect"

const decimal = BigDecimal.fromStringUnsafe

export const call = (job: string, changes: Partial<CallRecord> = {}): CallRecord => ({
  operation: "chat",
  startedAt: Date.UTC(2026, 10, 26, 2, 30),
  duration: 1_234.5,
  provider: "moonshot",
  account: "moonshot",
  requestModel: "kimi-k3",
  responseModel: "kimi-k3-0905",
  outcome: "ok",
  requestId: "req-1",
  traceId: "a".repeat(32),
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
    cachedInput: decimal("0"),
    uncachedInput: decimal("0"),
    output: decimal("0.1"),
    tools: decimal("0.2"),
    total: decimal("0.3"),
    saved: decimal("0")
  },
  isEstimate: false,
  attempts: 1,
  retries: 0,
  admissionWait: 0,
  tags: { tenant: "acme", job, agent: "writer" },
  priority: "interactive",
  ...changes
})
