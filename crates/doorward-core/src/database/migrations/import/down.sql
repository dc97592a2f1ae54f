DROP TABLE doorward_imported_ids;
DROP TABLE doorward_imports;
