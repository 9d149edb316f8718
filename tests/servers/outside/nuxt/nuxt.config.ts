export default defineNuxtConfig({
  telemetry: false,
  devtools: { enabled: false },
  compatibilityDate: "2025-07-01",
  routeRules: { "/ruled/**": { proxy: `${process.env.API}/ruled/**` } },
});
