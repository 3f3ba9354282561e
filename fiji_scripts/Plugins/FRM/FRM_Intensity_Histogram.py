#@ String image_path (label="Image file (empty: the active image)", description="Two planes of any axis: the truth, then the prediction", value="", persist=false)
#@ String output_folder (label="Folder for the results (empty: only show them)", value="", persist=false)
#@ String prediction_image (label="Prediction (empty: second plane)", description="Title of an open image, or a file, where the image holds the truth alone", value="", persist=false)
#@ Integer bins (label="Bins on each axis", value=256, min=2, max=256, persist=false)
#@ Integer bit_depth (label="Bit depth of the camera (0: range of the data)", description="8, 12, 14 or 16: the axes are 0 to 2^n - 1, as in the paper", value=0, min=0, max=16, persist=false)
#@ Double feature_threshold (label="Feature regions: truth above (0: none)", description="Grey level; brighter pixels of the truth are counted and correlated on their own as well", value=0.0, min=0, persist=false)
#@ Double saturated_percent (label="Saturated pixels (%)", description="Part of the pixels, half at each end, that the display range of each colour cuts off in the merge", value=0.35, min=0, max=99, persist=false)
"""How often each grey level of the truth meets each of the prediction.

Input   two planes of one image, the truth and then the prediction, 8-bit, 16-bit or
        32-bit: a file, or the active image; or one plane each of two images.
Steps   2D histogram of raw grey levels, Pearson's correlation and the line of least
        squares, of all pixels and of those above a threshold; merge in green and red:
        LaChance & Cohen 2020, S3 Fig and Fig 2.
Output  in output_folder: histogram.csv (bins that are not empty, by their lower edges),
        histogram_image.tif, merge.tif, and result.json last.
Units   grey levels, of the prediction those of its own image. Both axes have the same
        bins by a bit depth and for two images of whole grey levels, else each its own.
"""
# name: histogram
# measures: pair
from frm import pairs, results

PARAMETERS = [
    ("prediction_image", prediction_image),
    ("bins", bins),
    ("bit_depth", bit_depth),
    ("feature_threshold", feature_threshold),
    ("saturated_percent", saturated_percent),
]
COLUMNS = ["truth_low", "prediction_low", "count", "feature_count"]


def table(steps, counts, features):
    """The bins that are not empty; feature_count is empty without a threshold."""
    x_steps, y_steps = steps.truth, steps.prediction
    return [[x_steps.low_edge(truth), y_steps.low_edge(prediction),
             counts[truth, prediction],
             None if features is None else features.get((truth, prediction), 0)]
            for truth, prediction in sorted(counts)]


def warn(report, pair, steps, relation, region):
    """Say what a reader of the numbers should know."""
    for name, plane in (("truth", pair.truth), ("prediction", pair.prediction)):
        outside = steps.outside(plane)
        if outside:
            report.warn("%d pixels of the %s lie outside the range of %d bits, and count "
                        "in the outermost bins" % (outside, name, bit_depth))
    if relation["pearson"] is None:
        report.warn("the truth or the prediction is constant: there is no correlation")
    if region and not region["pixels"]:
        report.warn("no pixel of the truth is brighter than feature_threshold, %g"
                    % feature_threshold)


def main(report):
    """Count, correlate, merge, write."""
    pair = pairs.open_pair(image_path, prediction_image)
    mask = pairs.above(pair.truth, feature_threshold) if feature_threshold else None
    steps = pairs.Bins(pair, bins, bit_depth)
    histogram = pairs.Histogram(pair, steps)
    counts = histogram.counts()
    features = histogram.counts(mask) if mask else None
    relation, region = pair.relation(), pair.relation(mask) if mask else None
    report.describe(
        things="pixels",
        image=image_path or pair.imp.getTitle(),
        bins=steps.describe(),
        all_pixels=relation,
        feature_region=dict(region, threshold=feature_threshold) if mask else None,
        count=pair.pixels,
    )
    warn(report, pair, steps, relation, region)
    heat, merged = histogram.image(counts), pairs.merge(pair, saturated_percent)
    if output_folder:
        report.write_table("histogram", COLUMNS, table(steps, counts, features))
        report.write_image("histogram_image", heat)
        report.write_image("merge", merged)
    if not image_path:
        results.show_images(heat, merged)
    else:
        pair.imp.close()


results.run("FRM Intensity Histogram", main, PARAMETERS, output_folder)
