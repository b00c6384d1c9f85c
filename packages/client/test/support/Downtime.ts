/** Something that is unavailable for some time. */
import { type Duration, Effect } from "effect"

export class Downtime {
  isDown = false

  /** It is down, and back after this time. */
  readonly goDown = (duration: Duration.Input) =>
    Effect.suspend(() => {
      this.isDown = true
      return Effect.forkScoped(
        Effect.andThen(
          Effect.sleep(duration),
          Effect.sync(() => (this.isDown = false))
        )
      )
    })
}
