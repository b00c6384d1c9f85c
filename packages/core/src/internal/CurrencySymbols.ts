/** The symbols of the currencies in which hosts have their prices. */

/** What is written before an amount, by the code of its currency. */
export const currencySymbols = { USD: "$", CNY: "¥" } as const
