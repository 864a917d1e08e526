import { useCallback, useState } from "react";

/** The width of an element, so that what is drawn in it keeps the size of its letters. */
export function useWidth<T extends HTMLElement>() {
  const [width, setWidth] = useState(0);
  // Told of each element anew: a chart comes and goes with its table.
  const measured = useCallback((element: T | null) => {
    if (element === null) return;
    const measure = () => element.clientWidth > 0 && setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [measured, width] as const;
}
