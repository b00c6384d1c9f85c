/** The messages between workers and the host of their calls. */

export interface Settings {
  /** The store of the budget. */
  readonly store:
    | { readonly type: "sqlite"; readonly path: string }
    | { readonly type: "redis"; readonly port: number; readonly prefix: string }
  /** Dollars in total. */
  readonly cap: string
  readonly leaseMillis: number
  /** Calls at the same time. */
  readonly callers: number
}

/** The host serves a call that used so many dollars of at most so many, or a call was refused. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "served"; readonly used: number }
  | { readonly type: "refused"; readonly tag: string }
  | { readonly type: "done" }
