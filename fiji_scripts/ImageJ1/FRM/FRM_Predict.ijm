// FRM Predict for plain ImageJ: hands the active image to Python, as the
// script FRM_Predict.py does in a Fiji, and opens what comes back.
// Made from that script's #@ lines by frm_bridge.doors.wrappers: change them there.
requires("1.54i");
frmKeys("FRM Predict", newArray("image_path", "output_folder", "model", "device", "window", "require_gpu", "match_scale", "match_intensity", "force", "overwrite", "tile"));
frmRenamed("tile", "window");
image_path = frmImage("FRM Predict");
Dialog.create("FRM Predict");
Dialog.addString("output_folder: Folder for the prediction (empty: only show it)", "", 25);
Dialog.addString("model: Model", "nuclei-brightfield", 25);
Dialog.addChoice("device: Device", newArray("auto", "cuda", "openvino", "cpu"), "auto");
Dialog.addString("window: Largest window (px; 0: as memory allows)", "0", 8);
Dialog.addChoice("require_gpu: Fail rather than run on the CPU", newArray("true", "false"), "false");
Dialog.addChoice("match_scale: Match the scale by the pixel sizes", newArray("true", "false"), "false");
Dialog.addChoice("match_intensity: Match the grey levels to the training fields'", newArray("true", "false"), "false");
Dialog.addChoice("force: Predict also what is too unlike the training fields", newArray("true", "false"), "false");
Dialog.addChoice("overwrite: Replace an earlier prediction in the folder", newArray("true", "false"), "false");
Dialog.addHelp("<html><body width=500><p><b>output_folder</b> Folder for the prediction (empty: only show it).<p><b>model</b> Model. A model's name, or the path of an .onnx file or a package.<p><b>device</b> Device. auto: the fastest that works here.<p><b>window</b> Largest window (px; 0: as memory allows). The image is predicted in windows, with the same result whatever their size. At least 0.<p><b>require_gpu</b> Fail rather than run on the CPU.<p><b>match_scale</b> Match the scale by the pixel sizes. The image is resampled to the model's pixel size, and the prediction back.<p><b>match_intensity</b> Match the grey levels to the training fields'. For models that were trained with one mean and sd for all fields.<p><b>force</b> Predict also what is too unlike the training fields.<p><b>overwrite</b> Replace an earlier prediction in the folder.");
Dialog.show();
output_folder = frmGiven("output_folder", Dialog.getString());
model = frmGiven("model", Dialog.getString());
device = Dialog.getChoice();
window = Dialog.getString();
require_gpu = Dialog.getChoice();
match_scale = Dialog.getChoice();
match_intensity = Dialog.getChoice();
force = Dialog.getChoice();
overwrite = Dialog.getChoice();
output_folder = frmPlace("FRM Predict", output_folder);

title = File.getName(image_path);
look = newArray(0);
if (image_path == "") {
    frmGrey("FRM Predict");
    title = getTitle();
    look = frmLook();
}
kept = lengthOf(output_folder) > 0;
if (kept) output = frmTarget("FRM Predict", output_folder, title);
folder = frmFolder();
if (!kept) output = folder + "prediction.tif";
named = "";
if (image_path == "") {
    named = title;
    File.makeDirectory(folder + "of");
    image_path = folder + "of/" + frmStem(title) + ".tif";
    frmSave("channel", image_path);
}
lines = frmAsk("FRM Predict", folder, newArray("action=predict", "door=macro",
    "input=" + image_path, "input_title=" + named, "output=" + output,
    "model=" + frmNamed(model),
    "device=" + device,
    "window=" + window,
    "require_gpu=" + require_gpu,
    "match_scale=" + match_scale,
    "match_intensity=" + match_intensity,
    "force=" + force,
    "overwrite=" + overwrite));
frmSay("FRM Predict", lines);
if (kept) print("FRM Predict: " + output);
frmPrediction(output, title, look, kept);
frmDelete(folder);
showStatus("FRM Predict: done");

// What the FRM commands of plain ImageJ share: the image to Python, its answer back.
// Each wrapper in ImageJ1/FRM ends with a copy, since a macro cannot include another.

// Gives the file that a macro line names as image_path, which the dialog does not ask
// for; nothing where the active image is meant.
function frmImage(command) {
    options = "" + call("ij.Macro.getOptions");
    if (indexOf(options, "image_path=") >= 0) {
        path = call("ij.Macro.getValue", options, "image_path", "");
        path = frmWhole(path);
        if (path != "") return path;
    }
    if (nImages == 0)
        exit(command + " needs an open image\nfix: open one, and choose the command again");
    frmFit(command, "");
    return "";
}

// Ends the macro where the active image has colours, or would be saved with another scale
// than its own.
function frmFit(command, folder) {
    if (bitDepth() != 24 && !is("global scale")) return;
    if (folder != "") frmDelete(folder);
    if (bitDepth() == 24)
        exit(command + ": " + getTitle() + " is a colour image\nfix: choose a grey one");
    exit(command + ": a global scale replaces the scale of every image\nfix: untick "
        + "Global in Analyze > Set Scale, and choose the command again");
}

// Ends the macro where the active image's 8-bit values are places in a palette, and no
// grey levels. A look-up table of one hue is only for the eye: none of its colours falls
// and rises.
function frmGrey(command) {
    getDimensions(width, height, channels, slices, frames);
    if (bitDepth() != 8 || channels > 1) return;
    getLut(reds, greens, blues);
    rises = false;
    falls = false;
    for (i = 1; i < 256; i++) {
        if (reds[i] > reds[i-1] || greens[i] > greens[i-1] || blues[i] > blues[i-1])
            rises = true;
        if (reds[i] < reds[i-1] || greens[i] < greens[i-1] || blues[i] < blues[i-1])
            falls = true;
    }
    if (rises && falls)
        exit(command + ": " + getTitle() + " has a palette of colours\nfix: choose a grey "
            + "one; where its values are grey levels, choose Image > Lookup Tables > Grays "
            + "first");
}

// Ends the macro where the macro line has a key that the command has not. A value in
// [brackets] holds spaces.
function frmKeys(command, known) {
    options = "" + call("ij.Macro.getOptions");
    if (options == "null") return;
    depth = 0;
    word = "";
    for (i = 0; i < lengthOf(options); i++) {
        sign = substring(options, i, i + 1);
        if (sign == "[") depth++;
        if (sign == "]") depth = maxOf(0, depth - 1);
        if (depth > 0 || !matches(sign, "\\s")) {
            word = word + sign;
        } else {
            frmKey(command, known, word);
            word = "";
        }
    }
}

// Ends the macro where a word of the macro line has another key than those known.
function frmKey(command, known, word) {
    if (word == "") return;
    if (indexOf(word, "=") >= 0) word = substring(word, 0, indexOf(word, "="));
    list = "";
    for (i = 0; i < known.length; i++) {
        if (known[i] == word) return;
        if (i > 0) list = list + ", ";
        list = list + known[i];
    }
    exit(command + " has no key " + word + "\nfix: write one of " + list + "\n(E_REQUEST)");
}

// Lets a macro line that has the old name of a key mean the new one.
function frmRenamed(old, key) {
    options = "" + call("ij.Macro.getOptions");
    value = call("ij.Macro.getValue", options, old, "");
    if (value != "" && call("ij.Macro.getValue", options, key, "") == "")
        call("ij.Macro.setOptions", options + key + "=[" + value + "]");
}

// Gives a text as a macro line has it, or else the dialog. A dialog takes a text that the
// field's label begins with, as truth=truth, for a variable, and gives its value.
function frmGiven(key, text) {
    options = "" + call("ij.Macro.getOptions");
    return call("ij.Macro.getValue", options, key, text);
}

// Makes a new folder for what passes between ImageJ and Python. That of a macro which Esc
// ended was left behind: the macro says no more that it waits.
function frmFolder() {
    waits = call("java.lang.System.getProperty", "frm_bridge.waits", "");
    if (waits != "") {
        bar = indexOf(waits, "|");
        left = substring(waits, bar + 1);
        if (getTime() - parseFloat(substring(waits, 0, bar)) > 10000 && File.exists(left))
            frmDelete(left);
    }
    folder = getDirectory("temp") + "frm" + d2s(getTime(), 0) + d2s(random * 1e6, 0);
    File.makeDirectory(folder);
    // Windows' temporary files are their user's own. PPID is this ImageJ: the next server
    // removes the folder if that has ended without doing so.
    if (File.separator == "/")
        done = exec("sh", "-c", "chmod 700 \"$0\" && echo \"$PPID@$(uname -n)\" > "
            + "\"$0/owner.txt\"", folder);
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

// Lets Python do what words, as name=value, ask for, and gives the lines that it answers.
// Ends the macro with the message of a failure.
function frmAsk(command, folder, words) {
    showStatus(command + "...");
    answer = "";
    reason = "";
    wanted = frmSetting("frm_bridge.server", "FRM_SERVER");
    if (wanted != "off") {
        job = frmJob();
        server = frmServer(false);
        answer = frmSubmit(server, job, words);
        if (answer == "") {
            reason = frmStart(command, folder);
            if (reason == "") {
                server = frmServer(true);
                answer = frmSubmit(server, job, words);
                reason = "the one that was started does not answer";
            }
        }
        if (startsWith(answer, "OK ")) answer = frmWait(command, folder, server, job);
    }
    if (answer == "") {
        if (reason != "")
            print("FRM: no server (" + reason + "); Python is started for this call");
        python = frmPython(command, folder);
        frmWrite(words, folder + "request.txt");
        answer = exec(python, "-P", "-m", "frm_bridge.cli", "exec", "--ij",
            folder + "request.txt");
    }
    showProgress(1);
    lines = frmCheck(command, folder, answer);
    return lines;
}

// Gives address and token of the server that its record names, if there is one; unless
// any will do, only of one that has the version of these commands.
function frmServer(any) {
    record = frmRead(frmHome("server.txt"));
    url = frmValue(record, "url");
    if (url == "") return newArray(0);
    version = frmValue(record, "version");
    wanted = frmValue(frmInstalled(), "version");
    accepted = call("java.lang.System.getProperty", "frm_bridge.accepted", "");
    if (wanted != "" && version != wanted && version != accepted) {
        if (!any) return newArray(0);
        // Its Python has another version, and starting it again would change nothing.
        before = "" + call("java.lang.System.setProperty", "frm_bridge.accepted", version);
        print("FRM: these commands are of version " + wanted + ", their Python has "
            + "frm_bridge " + version + "; run frm-bridge install-fiji FOLDER again");
    }
    token = frmValue(record, "token");
    return newArray(url, token);
}

// Starts the server, and gives why it did not start.
function frmStart(command, folder) {
    python = frmPython(command, folder);
    showStatus("starting Python...");
    last = frmLast(exec(python, "-P", "-m", "frm_bridge.cli", "serve", "--detach", "--ij"));
    if (startsWith(last, "OK ")) return "";
    if (last == "") last = frmWhy(python);
    return last;
}

// Hands a request over, and gives what the server says; nothing where it is not there.
function frmSubmit(server, job, words) {
    if (server.length == 0) return "";
    inbox = frmHome("requests");
    if (!File.exists(inbox)) File.makeDirectory(inbox);
    frmWrite(words, inbox + "/" + job + ".txt");
    answer = frmGet(server, "submit", job);
    if (frmIsAnswer(answer)) return answer;
    return "";
}

// Asks after a job until it is done, with its progress. Esc ends the macro, and then the
// server cancels the job.
function frmWait(command, folder, server, job) {
    pause = 20;
    lost = 0;
    while (lost < 3) {
        waits = d2s(getTime(), 0) + "|" + folder;
        before = "" + call("java.lang.System.setProperty", "frm_bridge.waits", waits);
        answer = frmGet(server, "status", job);
        last = frmLast(answer);
        if (startsWith(answer, "RUN ")) {
            lost = 0;
            words = split(last, " ");
            if (words[2] != "0") showProgress(parseInt(words[1]) / parseInt(words[2]));
            begins = lengthOf(words[0] + words[1] + words[2]) + 3;
            showStatus(command + ": " + substring(last, begins));
        } else if (frmIsAnswer(last)) {
            before = "" + call("java.lang.System.setProperty", "frm_bridge.waits", "");
            return answer;
        } else {
            lost++;
        }
        wait(pause);
        pause = minOf(100, pause * 1.2);
    }
    return "ERR E_SERVER_GONE the server ended in the middle of the work | "
        + "choose the command again";
}

// Tells an answer's last line from what another server says, or nobody.
function frmIsAnswer(last) {
    if (startsWith(last, "ERR E_TOKEN ")) return false;
    if (startsWith(last, "ERR E_JOB_UNKNOWN ")) return false;
    if (startsWith(last, "ERR E_SERVER_STOPS ")) return false;
    if (startsWith(last, "ERR ")) return true;
    return startsWith(last, "OK ");
}

// Gives what a page of the server answers about a job.
function frmGet(server, page, job) {
    address = server[0] + "/" + page + "?job=" + job + "&token=" + server[1];
    return File.openUrlAsString(address);
}

// Gives a name for a job: this ImageJ, as all its commands call it, and a number.
function frmJob() {
    client = call("java.lang.System.getProperty", "frm_bridge.client", "");
    if (client == "") {
        client = "ij" + d2s(getTime(), 0);
        before = "" + call("java.lang.System.setProperty", "frm_bridge.client", client);
    }
    return client + "-" + d2s(getTime(), 0) + d2s(random * 1e6, 0);
}

// Gives the Python that has frm_bridge.
function frmPython(command, folder) {
    path = frmSetting("frm_bridge.python", "FRM_PYTHON");
    if (path == "") path = frmValue(frmInstalled(), "python");
    if (path != "" && (File.getName(path) == path || File.exists(path))) return path;
    frmDelete(folder);
    if (path == "") {
        place = getDirectory("plugins") + "FRM/frm.txt";
        found = "there is no " + place;
        if (File.exists(place)) {
            found = place + " has no line python=";
            if (File.length(place) == 0) found = place + " is empty";
        }
        exit(command + ": frm_bridge's Python is not known here: " + found + "\nfix: run "
            + "frm-bridge install-fiji FOLDER again from the environment that has "
            + "frm_bridge, or name its Python in the environment variable FRM_PYTHON");
    }
    exit(command + ": there is no Python at " + path + ", which the FRM commands were "
        + "installed from\nfix: run frm-bridge install-fiji FOLDER again from the "
        + "environment that has frm_bridge");
}

// Gives why a Python cannot run frm_bridge, in its own last words: exec() drops what goes
// to standard error.
function frmWhy(python) {
    code = "import os, sys; os.dup2(1, 2); sys.path.pop(0); import frm_bridge.cli";
    last = frmLast(exec(python, "-c", code));
    if (last == "") return "its Python says nothing";
    return last;
}

// Gives what was installed: the text of plugins/FRM/frm.txt.
function frmInstalled() {
    text = frmRead(getDirectory("plugins") + "FRM/frm.txt");
    return text;
}

// Gives a property of Java, or else a variable of the environment.
function frmSetting(property, variable) {
    value = call("java.lang.System.getProperty", property, "");
    if (value == "") value = "" + call("java.lang.System.getenv", variable);
    if (value == "null") value = "";
    return value;
}

// Gives a path in the folder in which a server says where it is.
function frmHome(name) {
    home = frmSetting("frm_bridge.home", "FRM_BRIDGE_HOME");
    if (home == "") home = getDirectory("home") + ".frm_bridge";
    return home + "/" + name;
}

// Gives what follows name= in one of the lines of a text.
function frmValue(text, name) {
    lines = split(text, "\n");
    for (i = 0; i < lines.length; i++) {
        if (startsWith(lines[i], name + "="))
            return String.trim(substring(lines[i], lengthOf(name) + 1));
    }
    return "";
}

// Gives the last line of a text.
function frmLast(text) {
    lines = split(String.trim(text), "\n");
    if (lines.length == 0) return "";
    return lines[lines.length - 1];
}

// Reads a file in UTF-8, of which File.openAsString knows nothing; nothing without it.
function frmRead(path) {
    if (!File.exists(path)) return "";
    path = call("java.net.URLEncoder.encode", replace(path, "\\", "/"), "UTF-8");
    path = replace(replace(path, "%2F", "/"), "+", "%20");
    if (!startsWith(path, "/")) path = "/" + path;
    return File.openUrlAsString("file:" + path);
}

// Writes words as lines. File.saveString may not know all letters: where others than
// those of ASCII come, name*= precedes the value as it would stand in an address.
function frmWrite(words, path) {
    text = "";
    for (i = 0; i < words.length; i++) {
        word = words[i];
        if (!matches(word, "[ -~]*")) {
            begins = indexOf(word, "=");
            value = substring(word, begins + 1);
            word = substring(word, 0, begins) + "*="
                + call("java.net.URLEncoder.encode", value, "UTF-8");
        }
        text = text + word + "\n";
    }
    File.saveString(text, path);
}

// Gives a path with the user's home for a leading ~/.
function frmExpanded(path) {
    if (!matches(path, "~([/\\\\].*)?")) return path;
    return getDirectory("home") + substring(path, minOf(2, lengthOf(path)));
}

// Gives a path that does not depend on a current folder.
function frmWhole(path) {
    path = frmExpanded(path);
    if (path == "" || frmIsWhole(path)) return path;
    return getInfo("user.dir") + "/" + path;
}

// Tells a path that does not depend on a current folder.
function frmIsWhole(path) {
    return matches(path, "([/\\\\]|[A-Za-z]:).*");
}

// Gives the output folder that is meant. Ends the macro where it is relative: it would
// lie in ImageJ's own folder.
function frmPlace(command, given) {
    path = frmExpanded(given);
    if (path == "" || frmIsWhole(path)) return path;
    exit(command + ": output_folder is " + given + "; a whole path was expected\nfix: "
        + "write it from the root, or the drive, on, or as ~/ and what follows"
        + "\n(E_REQUEST)");
}

// Gives the path of a file; what names none is a name, and stays as it is.
function frmNamed(name) {
    path = frmExpanded(name);
    if (name != "" && File.exists(path)) name = frmWhole(path);
    return name;
}

// Ends the macro with the message of a failure; otherwise gives what was printed.
function frmCheck(command, folder, printed) {
    last = frmLast(printed);
    lines = split(String.trim(printed), "\n");
    if (startsWith(last, "OK ")) return lines;
    frmDelete(folder);
    showStatus(command + ": failed");
    if (!startsWith(last, "ERR ")) {
        python = frmPython(command, folder);
        found = " gave no answer; it says: ";
        if (last == "") {
            last = frmWhy(python);
            if (indexOf(last, "No module named") >= 0 && indexOf(last, "frm_bridge") >= 0)
                found = " has no frm_bridge; it says: ";
            if (last == "its Python says nothing") last = "nothing";
        }
        exit(command + ": the Python at " + python + found + last + "\nfix: run frm-bridge "
            + "install-fiji FOLDER again from the environment that has frm_bridge, or "
            + "install frm_bridge into this one by pip");
    }
    code = substring(last, 4, indexOf(last, " ", 4));
    bar = lastIndexOf(last, " | ");
    message = substring(last, 5 + lengthOf(code), bar);
    fix = substring(last, bar + 3);
    exit(command + ": " + message + "\nfix: " + fix + "\n(" + code + ")");
}

// Writes warnings, and what came out in a sentence, to the log.
function frmSay(command, lines) {
    for (i = 0; i < lines.length; i++) {
        if (startsWith(lines[i], "WARN ")) print("FRM: " + substring(lines[i], 5));
        if (startsWith(lines[i], "SAY ")) print(command + ": " + substring(lines[i], 4));
    }
}

// Gives the file for a prediction: never that of the active image.
function frmTarget(command, output_folder, title) {
    path = output_folder;
    if (!endsWith(path, "/") && !endsWith(path, "\\")) path = path + "/";
    path = path + frmStem(title) + ".tif";
    if (nImages == 0) return path;
    own = getInfo("image.directory") + getInfo("image.filename");
    if (replace(own, "\\", "/") == replace(path, "\\", "/"))
        exit(command + ": the prediction would be written over the image " + path
            + "\nfix: choose another output_folder\n(E_OUTPUT_IS_INPUT)");
    return path;
}

// Gives the scale of the active image, and the place that it shows.
function frmLook() {
    getVoxelSize(width, height, depth, unit);
    Stack.getUnits(xUnit, yUnit, zUnit, tUnit, valueUnit);
    Stack.getPosition(channel, slice, frame);
    x = 0;
    y = 0;
    z = 0;
    toScaled(x, y, z);
    origin = "" + -x / width + "," + -y / height + "," + -z / depth;
    return newArray(width, height, depth, xUnit, yUnit, zUnit, tUnit,
        Stack.getFrameInterval(), slice, frame, origin);
}

// Opens a prediction with the scale of its image, if it was made of an open one, and at
// the same place.
function frmPrediction(path, title, look, kept) {
    batch = is("Batch Mode");
    if (!batch) setBatchMode(true);
    open(path);
    rename("Prediction of " + title);
    if (look.length > 0) {
        if (look[10] != "0,0,0") run("Properties...", "origin=" + look[10]);
        setVoxelSize(look[0], look[1], look[2], look[3]);
        Stack.setUnits(look[3], look[4], look[5], look[6], "Gray Value");
        Stack.setFrameInterval(look[7]);
        Stack.setPosition(1, look[8], look[9]);
    }
    frmRange();
    setOption("Changes", !kept);
    if (!batch) setBatchMode("exit and display");
}

// Lets the display show the grey levels of all planes, but for a few pixels: a hot one
// would darken all others.
function frmRange() {
    getDimensions(width, height, channels, slices, frames);
    Stack.getPosition(channel, slice, frame);
    for (i = 1; i <= channels; i++) {
        Stack.setPosition(i, slice, frame);
        run("Enhance Contrast", "saturated=0.35 use");
    }
    Stack.setPosition(channel, slice, frame);
}

// Opens the tables and the labels that were printed as FILE lines.
function frmShow(lines, output, folder, title) {
    for (i = 0; i < lines.length; i++) {
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
        // ImageJ's own "Summary of ..." is the user's.
        kind = substring(windows[i], 0, maxOf(0, indexOf(windows[i], " of ")));
        ours = matches(kind, "Objects|Spots|Links|Tracks|Profile|Histogram|Fields|Pairs");
        if (ours && windows[i] == kind + " of " + title) {
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
            active = getImageID();
            selectImage(name);
            frmFit(command, folder);
            File.makeDirectory(folder + key);
            path = folder + key + "/" + stem + ".tif";
            frmSave("channel", path);
            selectImage(active);
            if (wanted == "folder") return folder + key;
            return path;
        }
    }
    path = frmExpanded(name);
    if (name != "" && File.exists(path)) {
        path = frmWhole(path);
        return path;
    }
    frmDelete(folder);
    found = " is " + name + ": neither an open image, nor a file or folder";
    if (name == "") found = " is empty";
    exit(command + ": " + key + found
        + "\nfix: give a folder, a file, or the title of an open image");
}

// Gives a name for files: a title, or the name of a file, without its ending.
function frmStem(name) {
    if (File.exists(name)) name = File.getName(name);
    name = replace(name, "[\\\\/:*?\"<>|\\p{Cntrl}]", "_");
    stem = replace(name, "(\\.ome)?\\.[A-Za-z][A-Za-z0-9]{1,4}$", ""); // not 5um of 1.5um
    if (stem == "") return "image";
    return stem;
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
    frmSay(command, lines);
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
