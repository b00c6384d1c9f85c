/**
 * The result of a flight, which all calls with the same key share.
 *
 * @since 0.1.0
 */
import { table } from "../../errors/ErrorFacts.ts"
import type { BudgetExceededError, UnknownPriceError } from "../../errors/MoneyErrors.ts"
import type { StreamError } from "../../errors/OperationErrors.ts"
import type { CacheStatus } from "../../models/CacheStatus.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { CachedResponse } from "./CachedResponse.ts"

/**
 * A response of the host, or a cache entry that was found before the host was
 * called.
 *
 * @category models
 * @since 0.1.0
 */
export type FlightResponse =
  | { readonly _tag: "Response"; readonly response: ChatResponse }
  | { readonly _tag: "Entry"; readonly level: CacheStatus["level"]; readonly entry: CachedResponse }

/**
 * An error that concerns only the call that started a flight: scope `caller` in
 * `ErrorFacts`.
 *
 * @category errors
 * @since 0.1.0
 */
export type CallerError = BudgetExceededError | UnknownPriceError

/**
 * The result of a flight: a response, or the error of the caller who started it.
 *
 * @category models
 * @since 0.1.0
 */
export type FlightResult = FlightResponse | { readonly _tag: "Refused"; readonly error: CallerError }

/**
 * Whether an error concerns only the caller who started the flight.
 *
 * @category guards
 * @since 0.1.0
 */
export const isCallerError = (error: StreamError): error is CallerError => table[error._tag].scope === "caller"
