// Only what is in view of a scrolling element is drawn.
import { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";

export interface Window {
  top: number;
  height: number;
}

export function useWindow(ref: RefObject<HTMLElement | null>): Window {
  const [view, setView] = useState<Window>({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const at = ref.current;
    if (!at) return;
    let frame = 0;
    const update = () => {
      frame = 0;
      setView((old) => (old.top === at.scrollTop && old.height === at.clientHeight ? old : { top: at.scrollTop, height: at.clientHeight }));
    };
    const soon = () => {
      if (frame === 0) frame = requestAnimationFrame(update);
    };
    update();
    at.addEventListener("scroll", soon, { passive: true });
    const sizes = new ResizeObserver(soon);
    sizes.observe(at);
    return () => {
      at.removeEventListener("scroll", soon);
      sizes.disconnect();
      cancelAnimationFrame(frame);
    };
  }, []);
  return view;
}

/** The first index whose offset is greater than `y`, less one. */
export function indexAt(offsets: number[], y: number): number {
  let low = 0;
  let high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets[middle]! <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Scrolls `box` so that [top, top + height) is in view, below a sticky head. */
export function scrollInto(box: HTMLElement, top: number, height: number, head: number, center: boolean): void {
  const room = box.clientHeight - head;
  if (center) box.scrollTop = top - (room - height) / 2;
  else if (top < box.scrollTop) box.scrollTop = top;
  else if (top + height > box.scrollTop + room) box.scrollTop = top + height - room;
}
