/** What the threads of a run share. */

/** Memory that the worker writes and the main thread reads. */
export interface Progress {
  /** Two 32-bit integers: the number of inputs that were started, and the length of the last. */
  readonly counter: SharedArrayBuffer
  /** The last input. */
  readonly input: SharedArrayBuffer
}

/** The result of a run: the number of inputs of each target, the first input that failed, or what is wrong with the settings. */
export type Result =
  | { readonly invalid: string }
  | { readonly counts: ReadonlyMap<string, number> }
  | {
      readonly target: string
      readonly index: number
      readonly input: Uint8Array
      readonly problem: string
    }
