import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "@/api/cache";
import { applyPreferences } from "@/preferences";
import { router } from "@/router";
import "@/styles.css";

const Toaster = lazy(async () => ({ default: (await import("sonner")).Toaster }));

applyPreferences();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
      <Suspense>
        <Toaster theme="system" position="bottom-center" visibleToasts={4} closeButton />
      </Suspense>
    </QueryClientProvider>
  </StrictMode>,
);
