import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const API = process.env.OPENMEMORY_URL ?? "http://127.0.0.1:8765";

export default defineConfig({
  // Relative: the server names the prefix it is reached under in <base href>.
  base: "./",
  plugins: [react(), tailwindcss()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../api/openmemory_api/static",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2023",
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // Every page needs some of them: apart, each would be a file of its own with two hundred bytes.
        codeSplitting: {
          groups: [
            {
              name: "parts",
              test: /lucide-react|src.(api|components|i18n).(?!.*(Body|Frame|client|cache|schema))/,
            },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": API, "/mcp": API, "/health": API, "/v1": API, "/docs": API } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
