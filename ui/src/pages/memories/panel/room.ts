/** How wide the panel is beside the list, before it is loaded too. */
export const PANEL_ROOM = "w-[26rem] shrink-0 xl:w-[30rem] 2xl:w-[36rem]";
