"""Named judges in use: versions and a champion, what they judge, how it is corrected and watched."""
