/**
 * A separate process that makes calls through its admission limiter, as fast as
 * the limiter permits. The host of the calls is the parent process, which
 * receives the start of each call and decides when it is over.
 */
import { Cause, Context, Effect, Layer, Logger } from "effect"
import * as Admission from "../../../../src/node/Admission.ts"
import type { FromWorker, Settings, ToWorker } from "./messages.ts"

const settings = JSON.parse(process.argv[2] ?? "") as Settings

const sendToHost = (message: FromWorker): void => void process.send?.(message)

const logger = Logger.make(({ logLevel, message }) => {
  const text = String(Array.isArray(message) ? message[0] : message)
  // Other lines come from the Redis client.
  if (text.startsWith("Redis ")) sendToHost({ type: "log", level: logLevel, text })
})

const running = new Map<number, () => void>()
let begun = 0
const order = { isStopped: false }

/** One call at the host. */
const call = (account: string, tokens: number) =>
  Effect.callback<void>((resume) => {
    const id = (begun += 1)
    running.set(id, () => resume(Effect.void))
    sendToHost({ type: "begin", id, account, tokens })
  })

const program = Effect.gen(function* () {
  const { limits, options, port } = settings
  const services = yield* Layer.build(
    Layer.provideMerge(
      Admission.layerRedis({
        url: `redis://127.0.0.1:${port}`,
        ...options,
        limits: (account) => limits[account] ?? {}
      }),
      Logger.layer([logger])
    )
  )
  const limiter = Context.get(services, Admission.Admission)

  const caller = Effect.fnUntraced(function* (account: string, calls: number, tokens: ReadonlyArray<number>) {
    for (let made = 0; made < calls && !order.isStopped; made++) {
      const amount = tokens[made % tokens.length] ?? 0
      const at = performance.now()
      const exit = yield* Effect.exit(limiter.guard({ account, tokens: () => amount })(call(account, amount)))
      const error = exit._tag === "Failure" ? Cause.squash(exit.cause) : undefined
      if (error === undefined) continue
      const tag = typeof error === "object" && error !== null && "_tag" in error ? String(error._tag) : String(error)
      return sendToHost({ type: "failed", account, tag, millis: performance.now() - at })
    }
  })

  yield* Effect.callback<void>((resume) => {
    let callers = 0
    process.on("message", (message: ToWorker) => {
      if (message.type === "stop") order.isStopped = true
      else if (message.type === "over") {
        running.get(message.id)?.()
        running.delete(message.id)
      } else {
        for (let n = 0; n < message.callers; n++) {
          callers += 1
          Effect.runForkWith(services)(
            Effect.ensuring(
              caller(message.account, message.calls, message.tokens),
              Effect.sync(() => {
                callers -= 1
                if (order.isStopped && callers === 0) resume(Effect.void)
              })
            )
          )
        }
      }
      if (order.isStopped && callers === 0) resume(Effect.void)
    })
    sendToHost({ type: "ready" })
  })
  for (const [account, state] of yield* limiter.states) {
    if (state.inFlight + state.waiting > 0) sendToHost({ type: "failed", account, tag: "left behind", millis: 0 })
  }
})

await Effect.runPromise(Effect.scoped(program))
process.disconnect?.()
