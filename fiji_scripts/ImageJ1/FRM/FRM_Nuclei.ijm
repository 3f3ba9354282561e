// FRM Nuclei for plain ImageJ: hands the active image to Python, where the script
// FRM_Nuclei.py runs in an ImageJ of its own, and opens the tables and labels it made.
// Made from that script's #@ lines by frm_bridge.doors.wrappers: change them there.
requires("1.54i");
image_path = frmImage("FRM Nuclei");
Dialog.create("FRM Nuclei");
Dialog.addString("blur_sigma_px: Gaussian blur, sigma (px)", "1.5", 8);
Dialog.addChoice("threshold_method: Threshold", newArray("Default", "Huang", "Intermodes", "IsoData", "IJ_IsoData", "Li", "MaxEntropy", "Mean", "MinError", "Minimum", "Moments", "Otsu", "Percentile", "RenyiEntropy", "Shanbhag", "Triangle", "Yen"), "Otsu");
Dialog.addChoice("fill_holes: Fill holes", newArray("true", "false"), "true");
Dialog.addChoice("watershed: Separate touching nuclei (EDM watershed)", newArray("true", "false"), "true");
Dialog.addString("min_area: Smallest area (0: 50 px)", "0.0", 8);
Dialog.addString("max_area: Largest area (0: no limit)", "0.0", 8);
Dialog.addChoice("area_unit: Unit of the area limits", newArray("auto", "px", "um2"), "auto");
Dialog.addString("min_circularity: Smallest circularity", "0.0", 8);
Dialog.addString("max_circularity: Largest circularity", "1.0", 8);
Dialog.addChoice("exclude_edges: Leave out nuclei that touch the border", newArray("true", "false"), "false");
Dialog.addString("min_contrast: Background guard", "5.0", 8);
Dialog.addString("output_folder: Folder for the results (empty: only show them)", "", 25);
Dialog.addHelp("<html><body width=500><p><b>blur_sigma_px</b> Gaussian blur, sigma (px). Standard deviation of the blur before the threshold; 0 for none. At least 0.<p><b>threshold_method</b> Threshold. One of ImageJ's automatic thresholds, for bright nuclei on a dark background.<p><b>fill_holes</b> Fill holes.<p><b>watershed</b> Separate touching nuclei (EDM watershed).<p><b>min_area</b> Smallest area (0: 50 px). In the unit of area_unit; 0 leaves out specks of less than 50 px. At least 0.<p><b>max_area</b> Largest area (0: no limit). In the unit of area_unit; 0 for no limit. At least 0.<p><b>area_unit</b> Unit of the area limits. auto: um2 where the image is calibrated, px where it is not.<p><b>min_circularity</b> Smallest circularity. 4 pi area / perimeter^2, as in Analyze Particles. At least 0, at most 1.<p><b>max_circularity</b> Largest circularity. At least 0, at most 1.<p><b>exclude_edges</b> Leave out nuclei that touch the border.<p><b>min_contrast</b> Background guard. A nucleus is brighter than the background by at least this many standard deviations of the background; 0 switches the guard off. At least 0.");
Dialog.show();
blur_sigma_px = Dialog.getString();
threshold_method = Dialog.getChoice();
fill_holes = Dialog.getChoice();
watershed = Dialog.getChoice();
min_area = Dialog.getString();
max_area = Dialog.getString();
area_unit = Dialog.getChoice();
min_circularity = Dialog.getString();
max_circularity = Dialog.getString();
exclude_edges = Dialog.getChoice();
min_contrast = Dialog.getString();
output_folder = frmGiven("output_folder", Dialog.getString());

python = frmPython("FRM Nuclei");
folder = frmFolder();
title = File.getName(image_path);
if (image_path == "") {
    title = getTitle();
    image_path = folder + "image.tif";
    frmSave("plane", image_path);
}
frmForget(title);
output = output_folder;
if (output == "") output = folder + "results";
showStatus("FRM Nuclei...");
printed = exec(python, "-P", "-m", "frm_bridge.cli", "exec", "--ij", "action=analyze",
    "workflow=nuclei", "input=" + image_path, "output=" + output, "overwrite=true",
    "blur_sigma_px=" + blur_sigma_px,
    "threshold_method=" + threshold_method,
    "fill_holes=" + fill_holes,
    "watershed=" + watershed,
    "min_area=" + min_area,
    "max_area=" + max_area,
    "area_unit=" + area_unit,
    "min_circularity=" + min_circularity,
    "max_circularity=" + max_circularity,
    "exclude_edges=" + exclude_edges,
    "min_contrast=" + min_contrast);
lines = frmCheck("FRM Nuclei", printed, folder);
frmShow(lines, output + "/", folder, title);
frmDelete(folder);
showStatus("FRM Nuclei: done");

// What the FRM commands of plain ImageJ share: the image to Python, its answer back.
// Each wrapper in ImageJ1/FRM ends with a copy, since a macro cannot include another.

// Gives the file that a macro line names as image_path, which the dialog does not ask
// for; nothing where the active image is meant.
function frmImage(command) {
    options = "" + call("ij.Macro.getOptions");
    if (indexOf(options, "image_path=") >= 0) {
        path = call("ij.Macro.getValue", options, "image_path", "");
        if (path != "") return path;
    }
    if (nImages == 0)
        exit(command + " needs an open image\nfix: open one, and choose the command again");
    frmScale(command);
    return "";
}

// Ends the macro where an image would be saved with another scale than its own.
function frmScale(command) {
    if (is("global scale"))
        exit(command + ": a global scale replaces the scale of every image\nfix: untick "
            + "Global in Analyze > Set Scale, and choose the command again");
}

// Gives a text as a macro line has it, or else the dialog. A dialog takes a text that the
// field's label begins with, as truth=truth, for a variable, and gives its value.
function frmGiven(key, text) {
    options = "" + call("ij.Macro.getOptions");
    return call("ij.Macro.getValue", options, key, text);
}

// Gives the Python that has frm_bridge: the first line of plugins/FRM/frm.txt.
function frmPython(command) {
    path = getDirectory("plugins") + "FRM/frm.txt";
    if (!File.exists(path))
        exit(command + ": there is no " + path + "\nfix: install the FRM commands again");
    lines = split(File.openAsString(path), "\n");
    return String.trim(replace(lines[0], "python=", ""));
}

// Makes a new folder for what passes between ImageJ and Python.
function frmFolder() {
    folder = getDirectory("temp") + "frm" + d2s(getTime(), 0) + d2s(random * 1e6, 0);
    File.makeDirectory(folder);
    return folder + "/";
}

// Saves what of the active image is measured; the image stays as it is.
function frmSave(measures, path) {
    image = getImageID();
    batch = is("Batch Mode");
    if (!batch) setBatchMode(true);
    selected = selectionType() >= 0;
    if (selected) run("Select None"); // or the copy would be of the selection alone
    Stack.getPosition(channel, slice, frame);
    getDimensions(width, height, channels, slices, frames);
    range = "";
    if (measures != "plane") range = "duplicate";
    if (Stack.isHyperstack || is("composite")) {
        range = "duplicate channels=" + channel + " slices=" + slice;
        if (measures == "plane") range += " frames=" + frame;
        else range += " frames=1-" + frames;
        if (measures == "pair") range = "duplicate";
        if (measures == "channel") range = "duplicate channels=" + channel;
    }
    run("Duplicate...", "title=frm " + range);
    saveAs("tiff", path);
    close();
    selectImage(image);
    if (selected) run("Restore Selection");
    if (!batch) setBatchMode(false);
}

// Ends the macro with the message of a failure; otherwise gives what was printed.
function frmCheck(command, printed, folder) {
    lines = split(String.trim(printed), "\n");
    last = "";
    if (lines.length > 0) last = lines[lines.length - 1];
    if (startsWith(last, "OK ")) return lines;
    frmDelete(folder);
    showStatus(command + ": failed");
    if (!startsWith(last, "ERR "))
        exit(command + ": Python gave no answer: " + last
            + "\nfix: install the FRM commands again from a Python that has frm_bridge");
    code = substring(last, 4, indexOf(last, " ", 4));
    bar = lastIndexOf(last, " | ");
    message = substring(last, 5 + lengthOf(code), bar);
    exit(command + ": " + message + "\nfix: " + substring(last, bar + 3) + "\n(" + code + ")");
}

// Opens the tables and the labels that were printed as FILE lines, and logs warnings.
function frmShow(lines, output, folder, title) {
    for (i = 0; i < lines.length; i++) {
        if (startsWith(lines[i], "WARN ")) print("FRM: " + substring(lines[i], 5));
        if (startsWith(lines[i], "FILE ")) {
            name = File.getName(substring(lines[i], 5));
            if (endsWith(name, ".csv")) frmTable(output + name, folder, title);
            if (name == "labels.tif") {
                open(output + name);
                rename("Labels of " + title);
            }
        }
    }
}

// Opens a table as "Objects of TITLE".
function frmTable(path, folder, title) {
    kind = File.getNameWithoutExtension(path);
    kind = toUpperCase(substring(kind, 0, 1)) + substring(kind, 1);
    copy = kind + " of FRM.csv"; // a window of the user's may be called objects.csv
    File.copy(path, folder + copy);
    Table.open(folder + copy);
    // The recorder would write the new name down, and a replay would ask for the old.
    call("ij.plugin.frame.Recorder.suspendRecording");
    Table.rename(copy, kind + " of " + title);
    call("ij.plugin.frame.Recorder.resumeRecording");
}

// Closes the tables of an earlier run. After a failure a macro that called the command
// goes on, and must not take an old table for the new one.
function frmForget(title) {
    windows = getList("window.titles");
    for (i = 0; i < windows.length; i++) {
        if (endsWith(windows[i], " of " + title)) {
            selectWindow(windows[i]);
            run("Close");
        }
    }
}

// Deletes a folder of frmFolder and its files.
function frmDelete(folder) {
    names = getFileList(folder);
    for (i = 0; i < names.length; i++) {
        if (endsWith(names[i], "/")) frmDelete(folder + names[i]);
        else deleted = File.delete(folder + names[i]);
    }
    deleted = File.delete(folder);
}

// Gives the path of a file or a folder; an open image of this name is saved before, with
// all slices and frames of its current channel, as STEM.tif in a folder of its own, which
// is the path where a folder is wanted.
function frmPath(command, key, name, folder, stem, wanted) {
    titles = getList("image.titles");
    for (i = 0; i < titles.length; i++) {
        if (titles[i] == name) {
            frmScale(command);
            active = getImageID();
            selectImage(name);
            File.makeDirectory(folder + key);
            path = folder + key + "/" + stem + ".tif";
            frmSave("channel", path);
            selectImage(active);
            if (wanted == "folder") return folder + key;
            return path;
        }
    }
    if (name != "" && File.exists(name)) return name;
    frmDelete(folder);
    found = " is " + name + ": neither an open image, nor a file or folder";
    if (name == "") found = " is empty";
    exit(command + ": " + key + found
        + "\nfix: give a folder, a file, or the title of an open image");
}

// Gives the name for images that are saved: a title or a path without what no file has.
function frmStem(name) {
    if (!File.exists(name)) name = replace(name, "[\\\\/]", "_");
    stem = File.getNameWithoutExtension(name);
    return replace(stem, "[:*?\"<>|]", "_");
}

// Gives the folder for results; without a name a new one among the temporary ones.
function frmOutput(command, output) {
    if (output != "") return output;
    return getDirectory("temp") + command + " " + d2s(getTime(), 0);
}

// Says what came out; opens the table and, but in batch mode, the page in the browser.
function frmReport(command, lines, folder) {
    last = lines[lines.length - 1];
    result = substring(last, 3);
    for (i = 0; i < lines.length; i++) {
        if (startsWith(lines[i], "WARN ")) print("FRM: " + substring(lines[i], 5));
        if (startsWith(lines[i], "SAY ")) print(command + ": " + substring(lines[i], 4));
    }
    print(command + ": " + result);
    for (i = 0; i < lines.length; i++) {
        path = substring(lines[i], indexOf(lines[i], " ") + 1);
        name = File.getName(path);
        if (name == "fields.csv" || name == "pairs.csv") frmTable(path, folder, command);
    }
    if (!endsWith(result, ".html") || is("Batch Mode")) return;
    page = replace(replace(replace(result, "%", "%25"), " ", "%20"), "#", "%23");
    page = replace(page, "\\\\", "/");
    if (!startsWith(page, "/")) page = "/" + page;
    call("ij.plugin.BrowserLauncher.openURL", "file://" + page);
}

// Ends the macro where something is not given.
function frmNeed(command, key, value) {
    if (value == "") exit(command + ": " + key + " is empty\nfix: name a folder");
}
