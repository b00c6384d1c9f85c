/**
 * Observes fibers so that those that have ended are no garbage that takes long to find.
 *
 * @since 0.1.0
 */
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"

/** Refers to an observer until the fiber ends. */
class Observer<A, E> {
  #observe: ((exit: Exit.Exit<A, E>) => void) | undefined

  constructor(observe: (exit: Exit.Exit<A, E>) => void) {
    this.#observe = observe
  }

  notify(exit: Exit.Exit<A, E>): void {
    const observe = this.#observe
    this.#observe = undefined
    observe?.(exit)
  }
}

/**
 * Calls a function when a fiber ends, or at once if it has ended.
 *
 * `Fiber.addObserver` keeps it in an array that the fiber drops without emptying it.
 * V8 may have put that among its old objects, because all fibers were alive in the
 * first collections; then all that the function refers to, such as a response, is
 * garbage that only a search of the whole heap finds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const observeExit = <A, E>(fiber: Fiber.Fiber<A, E>, observe: (exit: Exit.Exit<A, E>) => void): void => {
  const observer = new Observer(observe)
  fiber.addObserver((exit) => observer.notify(exit))
}
