/** Resilience for another service: a weather service that fails at first. */
import { Admission, Cached, CircuitBreaker, Measured, Resilience } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

class WeatherError extends Data.TaggedError("WeatherError")<{ readonly status: number }> {}

let requests = 0

/** Stands in for an HTTP request. */
const fetchForecast = (city: string): Effect.Effect<string, WeatherError> =>
  Effect.suspend(() => {
    requests += 1
    if (city === "Atlantis") return Effect.fail(new WeatherError({ status: 404 }))
    return requests < 3 ? Effect.fail(new WeatherError({ status: 503 })) : Effect.succeed(`Sunny in ${city}`)
  })

const resilientForecast = (city: string) =>
  fetchForecast(city).pipe(
    Measured.measured("forecast"),
    Resilience.resilient({
      key: "weather",
      deadline: "10 seconds",
      timeout: "2 seconds",
      retry: { baseDelay: "1 millis" },
      isRetryable: (error: WeatherError) => error.status >= 500,
      isFailure: (error: WeatherError) => error.status >= 500
    })
  )

const program = Effect.gen(function* () {
  const forecast = yield* Cached.cached({ timeToLive: "10 minutes" })(resilientForecast)
  yield* Console.log(yield* forecast("Berlin"), `after ${requests} requests`)
  yield* Console.log(yield* forecast("Berlin"), `after ${requests} requests: it was cached`)

  const error = yield* Effect.flip(forecast("Atlantis"))
  yield* Console.log(`${error._tag} after ${requests} requests: it was not retried`)

  const counts = (yield* Metric.snapshot).filter(({ id }) => id === "forecast.count")
  for (const { attributes, state } of counts) {
    yield* Console.log(`forecast.count ${attributes?.["outcome"]}: ${"count" in state ? state.count : ""}`)
  }
}).pipe(Effect.provide([CircuitBreaker.layer(), Admission.layer({ limits: { requestsPerMinute: 60 } })]))

await Effect.runPromise(program)
