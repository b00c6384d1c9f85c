/**
 * Looks whether a host can be reached and knows the key, by the list of its
 * models: it costs nothing and goes past the account's limits.
 *
 * A host that is busy is there, so a refusal for its rates makes it degraded
 * and no more.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { table } from "../../../errors/ErrorFacts.ts"
import type { ModelsError } from "../../../errors/OperationErrors.ts"
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
  /** Whether calls begin at this account, so that an error that moves no call stops them all. */
  readonly isPrimary: boolean
  /** Where the host is. User, query and fragment are not shown. */
  readonly url: string
  readonly models: Effect.Effect<ReadonlyArray<Model>, ModelsError>
  /** The model that must be in the list. By default none must. */
  readonly model?: string | undefined
  /** Whether hosts of this kind may be without a list. */
  readonly isModelListOptional: boolean
  /** From this latency on the host is degraded. */
  readonly slowAfter: Duration.Duration
}

/** A URL without what may be secret in it. */
const redactedUrl = (text: string): string => {
  const url = URL.parse(text)
  return url === null ? "not a URL" : `${url.origin}${url.pathname}`
}

const fromModels = ({ model, slowAfter }: Options, list: ReadonlyArray<Model>, latency: number): CheckResult => {
  const details = { models: list.length }
  if (model !== undefined && !list.some(({ id }) => id === model)) {
    const message = `The key may not use ${model}, the model of calls that name none.`
    return { status: "degraded", code: "ModelNotListed", message, details: details }
  }
  if (latency >= Duration.toMillis(slowAfter)) {
    const message = `The host took ${Duration.format(Duration.millis(latency))} to answer.`
    return { status: "degraded", code: "Slow", message, details: details }
  }
  return { status: "healthy", code: "Ok", message: "The host answers and knows the key.", details: details }
}

const fromModelsError = (
  { isPrimary, isModelListOptional }: Options,
  error: ModelsError
): Effect.Effect<CheckResult, ModelsError> => {
  const finding = fromError(error)
  if (error._tag === "UnsupportedOperationError") {
    const message = "The host offers no list of models, so it is not known whether it can be reached."
    return Effect.succeed({ ...finding, status: "degraded", code: "NotOffered", message })
  }
  if (isModelListOptional && (error.status === 404 || error.status === 405)) {
    const message = "The host answers and has no list of models, so nobody knows whether it takes the key."
    return Effect.succeed({ ...finding, status: "degraded", code: "NotOffered", message })
  }
  if (error.category === "rate limit") return Effect.succeed({ ...finding, status: "degraded" })
  if (isPrimary && !error.isRetryable && table[error._tag].fallback === "none") {
    return Effect.succeed({ ...finding, role: "required" })
  }
  return Effect.fail(error)
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): HealthCheck => {
  const { account, models, role, url } = options
  return {
    name: "host",
    account,
    role,
    details: { url: redactedUrl(url) },
    check: Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
      Effect.matchEffect(models, {
        onFailure: (error) => fromModelsError(options, error),
        onSuccess: (list) => Effect.map(Clock.currentTimeMillis, (now) => fromModels(options, list, now - startedAt))
      })
    )
  }
}
