package io.dpq.lake;

import java.io.IOException;
import java.util.List;

/** Vectors in Parquet, NumPy and fvecs files, told apart by their names. */
final class VectorsFormat implements RecordFormat {
    private static final long serialVersionUID = 1L;

    private final RecordFormat parquet;
    private final RecordFormat matrices = new MatrixFormat();

    VectorsFormat(final ParquetColumns columns) {
        this.parquet = new ParquetFormat(columns, true);
    }

    private RecordFormat of(final String path) {
        return parquet.accepts(path) ? parquet : matrices;
    }

    @Override
    public String names() {
        return ".parquet, .npy or .fvecs";
    }

    @Override
    public boolean accepts(final String path) {
        return parquet.accepts(path) || matrices.accepts(path);
    }

    /** A vector is not decoded, and no backbone sees it. */
    @Override
    public long recordCost() {
        return 64;
    }

    /** Parquet is not, and one plan serves all files. */
    @Override
    public boolean seekable() {
        return false;
    }

    @Override
    public boolean listsExactLengths() {
        return parquet.listsExactLengths() && matrices.listsExactLengths();
    }

    @Override
    public boolean listsCheaply() {
        return parquet.listsCheaply() && matrices.listsCheaply();
    }

    @Override
    public boolean numbersRecords(final String path) {
        return of(path).numbersRecords(path);
    }

    @Override
    public List<Long> parts(final LakeRoot root, final String path) throws IOException {
        return of(path).parts(root, path);
    }

    @Override
    public List<Listed> list(final LakeRoot root, final String path, final long part) throws IOException {
        return of(path).list(root, path, part);
    }

    @Override
    public Summary summary(final LakeRoot root, final String path, final long part) throws IOException {
        return of(path).summary(root, path, part);
    }

    @Override
    public Summary summary(final LakeRoot root, final String path, final long part, final List<Listed> listed)
            throws IOException {
        return of(path).summary(root, path, part, listed);
    }

    @Override
    public Contents open(final LakeRoot root, final String path, final long part) throws IOException {
        return of(path).open(root, path, part);
    }

    @Override
    public Contents openToPass(final LakeRoot root, final String path, final long part) throws IOException {
        return of(path).openToPass(root, path, part);
    }
}
