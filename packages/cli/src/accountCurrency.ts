/** The currency of an account. The host reports its balance without one. */
import * as Provider from "@kimi-effect/client/Provider"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"

const hostOf = (baseUrl: string): string | undefined => URL.parse(baseUrl)?.hostname

/**
 * The currency in which the catalogue has the prices of the host. A host of Moonshot
 * is known by its address, also under another provider: accounts are those of a region.
 */
export const currencyOf = ({ baseUrl, id }: Provider.Provider): ModelCatalog.Price["currency"] | undefined => {
  const atAddress = Object.values(Provider.providers).find((one) => hostOf(one.baseUrl) === hostOf(baseUrl))
  const host = atAddress?.id ?? id
  return ModelCatalog.knownModels.flatMap(({ prices }) => prices).find(({ provider }) => provider === host)?.currency
}

/** An amount of the account, with the currency where it is known. */
export const amountOf = (amount: number, provider: Provider.Provider): string =>
  [amount, currencyOf(provider)].filter((part) => part !== undefined).join(" ")
