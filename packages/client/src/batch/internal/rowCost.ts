/** What a row took: all attempts that the client records, or else its response, also one that became an error. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import * as Day from "@kimi-effect/core/internal/Day"
import type { RecordedAttempts } from "@kimi-effect/core/internal/RecordedAttempts"
import * as ResponseCost from "@kimi-effect/core/internal/ResponseCost"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import { fromTokens, type Usage } from "@kimi-effect/core/Usage"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RowError } from "../BatchResponse.ts"

/** What the host reported of a response that became an error. */
export const usageOfError = ({ partial }: RowError): Usage | undefined =>
  partial?.usage && fromTokens(partial.usage.prompt_tokens, partial.usage.completion_tokens)

/** None if the host reported nothing, and if the error does not have what it was priced by. */
const costOfError = (
  error: RowError,
  request: ChatRequest,
  day: string,
  prices: PriceTable.Prices
): Option.Option<Cost.Cost> => {
  const { model, partial, provider } = error
  const usage = usageOfError(error)
  if (usage === undefined || model === undefined || provider === undefined) return Option.none()
  const tools = partial?.tool_calls.map(({ name }) => name) ?? []
  return Cost.of(Cost.billableUsage(usage, tools, request, partial?.model), { model, provider, day }, prices)
}

/** The cost of a row that ended with a response or an error. */
export type CostOf = (
  attempts: RecordedAttempts | undefined,
  request: ChatRequest,
  end: ChatResponse | RowError
) => Option.Option<Cost.Cost>

/** Costs at the prices of this fiber. They are read once, since the effects of a row take longer than its cost. */
export const make: Effect.Effect<CostOf> = Effect.zipWith(
  PriceTable.PriceTable,
  Clock.Clock,
  (prices, clock): CostOf =>
    (attempts, request, end) => {
      const day = Day.dateAt(clock.currentTimeMillisUnsafe())
      const isResponse = end instanceof ChatResponse
      if (attempts !== undefined && attempts.all.length > 0 && !(isResponse && end.cached !== undefined)) {
        return attempts.costAt(day, prices)
      }
      return isResponse ? ResponseCost.of(end, request, day, prices) : costOfError(end, request, day, prices)
    }
)
