#@ String image_path (value="", persist=false)
#@ String title (value="", persist=false)
#@ String output_folder (value="", persist=false)
#@ String script (value="", persist=false)
#@ String call (value="{}", persist=false)
"""Run a user's own macro or script, as frm.own says; started from Python, not a menu."""
from frm import own

own.run(image_path, title, output_folder, script, call)
