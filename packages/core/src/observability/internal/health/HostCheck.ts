/**
 * Checks that a host can be reached and accepts the key, by listing its models,
 * which is free and not subject to the account's limits.
 *
 * A busy host is reachable, so a rate limit error makes it only degraded.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { table } from "../../../errors/ErrorFacts.ts"
import type { ModelsError } from "../../../errors/OperationErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import type { HealthRole } from "../../../models/SystemHealth.ts"
import type { Model } from "../../../models/ModelList.ts"
import { type CheckResult, type HealthCheck, fromError } from "./HealthCheck.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly account: string
  readonly role: HealthRole
  /** Whether this account is called first, so that an error without fallback fails all calls. */
  readonly isPrimary: boolean
  /** The base URL. User info, query and fragment are not shown. */
  readonly url: string
  /** The proxy through which the host is called, without its credentials. */
  readonly proxy?: string | undefined
  readonly models: Effect.Effect<ReadonlyArray<Model>, ModelsError>
  /** A model that must be in the list. By default none is required. */
  readonly model?: string | undefined
  /** Whether hosts of this kind may lack a model list. */
  readonly isModelListOptional: boolean
  /** The host is degraded at this latency or above. */
  readonly slowAfter: Duration.Duration
}

/** The URL without the parts that may be secret. */
const redactedUrl = (text: string): string => {
  const url = URL.parse(text)
  return url === null ? "not a URL" : `${url.origin}${url.pathname}`
}

const fromModels = ({ model, slowAfter }: Options, list: ReadonlyArray<Model>, latency: number): CheckResult => {
  const details = { models: list.length }
  if (model !== undefined && !list.some(({ id }) => id === model)) {
    const message = `The key has no access to ${model}, the client's default model.`
    return { status: "degraded", code: "ModelNotListed", message, details }
  }
  if (latency >= Duration.toMillis(slowAfter)) {
    const message = `The host responded after ${Duration.format(Duration.millis(latency))}.`
    return { status: "degraded", code: "Slow", message, details }
  }
  return { status: "healthy", code: "Ok", message: "The host responds and accepts the key.", details }
}

const fromModelsError = (
  { isPrimary, isModelListOptional }: Options,
  error: ModelsError
): Effect.Effect<CheckResult, ModelsError> => {
  const result = fromError(error)
  if (error._tag === "UnsupportedOperationError") {
    const message = "The host has no list of models, so it cannot be checked."
    return Effect.succeed({ ...result, status: "degraded", code: "Unsupported", message })
  }
  if (isModelListOptional && (error.status === 404 || error.status === 405)) {
    const message = "The host responds but has no list of models, so the key cannot be verified."
    return Effect.succeed({ ...result, status: "degraded", code: "Unsupported", message })
  }
  if (error.category === "rate limit") return Effect.succeed({ ...result, status: "degraded" })
  if (isPrimary && !error.isRetryable && table[error._tag].fallback === "none") {
    return Effect.succeed({ ...result, role: "required" })
  }
  return Effect.fail(error)
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): HealthCheck => {
  const { account, models, proxy, role, url } = options
  return {
    name: "host",
    account,
    role,
    details: { url: redactedUrl(url), ...(proxy === undefined ? {} : { proxy }) },
    check: Effect.flatMap(MonotonicClock.millis, (startedAt) =>
      Effect.matchEffect(models, {
        onFailure: (error) => fromModelsError(options, error),
        onSuccess: (list) => Effect.map(MonotonicClock.millis, (now) => fromModels(options, list, now - startedAt))
      })
    )
  }
}
