DROP TABLE seen_items;
