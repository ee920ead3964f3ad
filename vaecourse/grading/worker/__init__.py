"""Everything that runs beside a student's code: it knows how to look at an answer, and nothing of what is right."""
