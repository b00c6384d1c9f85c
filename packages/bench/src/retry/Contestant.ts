/** A contestant: one client with its own default retries. */
export interface Contestant {
  /** Makes a chat; fails when the client gives up. */
  readonly chat: () => Promise<unknown>
  readonly close: () => Promise<void>
}
