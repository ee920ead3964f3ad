"""Right and wrong answers to the tasks of each lesson: plain data, one module a lesson."""
