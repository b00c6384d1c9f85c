/**
 * What a client needs to trace its operations, without the descriptions of all
 * telemetry, which an observer loads.
 *
 * @since 0.1.0
 */

/**
 * The names of spans by operation.
 *
 * @category constants
 * @since 0.1.0
 */
export const names = {
  models: "KimiClient.models",
  estimateTokens: "KimiClient.estimateTokens",
  balance: "KimiClient.balance",
  health: "KimiClient.health"
} as const

/**
 * The name of the attribute with the provider's name.
 *
 * @category constants
 * @since 0.1.0
 */
export const providerAttribute = "gen_ai.provider.name"

/**
 * The names of hosts in the conventions. Other hosts have the ids of their
 * providers.
 *
 * @category constants
 * @since 0.1.0
 */
export const providerNames: { readonly [host: string]: string } = {
  moonshot: "moonshot_ai",
  "moonshot-cn": "moonshot_ai"
}
