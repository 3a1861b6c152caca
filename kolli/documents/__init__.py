"""From a document to the file that was asked for: layouts place, writers write, `render` is the way in."""
